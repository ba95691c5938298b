"""One file a section: its finding, its figures and tables, and the notes in its margin."""
