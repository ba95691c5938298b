"""The routes of the API, one file per subject; each makes a router over the shared services."""
