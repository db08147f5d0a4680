"""Captured records: the filter of the list that an endpoint's page has, and the page of one."""
