"""Images that are spoilt, moved, turned or attacked."""
