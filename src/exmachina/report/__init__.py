"""An evaluation as one HTML file that needs nothing else, and the same as JSON."""

from exmachina.report.write import write_report

__all__ = ["write_report"]
