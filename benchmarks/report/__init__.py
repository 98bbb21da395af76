"""From raw results to tables, the bar, plots and `RESULTS.md`."""
