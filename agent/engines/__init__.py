"""Where a session's tasks run when not in threads of its own process."""
