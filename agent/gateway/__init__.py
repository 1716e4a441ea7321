"""A small process of its own that makes the paid calls of one library.

Whatever kills a session, the answer it has asked for still arrives, is recorded, and is
there when the session is resumed.
"""
