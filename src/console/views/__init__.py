"""What each page shows: functions that load the values of its template."""
