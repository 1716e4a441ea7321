"""`python -m habilis` and the `habilis` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from habilis.agent.cli import main as run

    run()


if __name__ == "__main__":
    main()
