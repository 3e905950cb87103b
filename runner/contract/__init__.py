"""What a flow may do, as one value: computed from its plan, for a person who signs it off, and compared between two versions.

Owns: the value (`Contract`), how it is computed by walking all paths, its words and pictures, and what differs between two
of it. It is pure: a flow's files are read by `app`, and nothing here runs, judges or writes.
"""
