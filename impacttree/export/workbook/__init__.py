"""A tree as an Excel workbook that finance can recalculate, change and check."""

from impacttree.export.workbook.book import workbook, workbook_name

__all__ = ["workbook", "workbook_name"]
