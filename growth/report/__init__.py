"""The report: one HTML file with the lists, the curves and the articles behind them."""
