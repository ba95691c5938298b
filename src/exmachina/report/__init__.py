"""An evaluation as one HTML file that needs nothing else, and the same as JSON."""

from exmachina.report.page import render_page
from exmachina.report.verdict import FirstPage, first_page
from exmachina.report.worries import Worry
from exmachina.report.write import report_json, write_report

__all__ = ["FirstPage", "Worry", "first_page", "render_page", "report_json", "write_report"]
