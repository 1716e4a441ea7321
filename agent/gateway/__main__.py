"""`python -m habilis.agent.gateway FOLDER`: started by sessions, not by users."""

from habilis.agent.gateway.start import main

if __name__ == "__main__":
    main()
