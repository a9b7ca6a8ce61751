"""A tree in a notebook: the page's sliders in a cell, with Python behind them."""
