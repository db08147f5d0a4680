"""The report: captured records as a chart, an HTML page and a summary."""
