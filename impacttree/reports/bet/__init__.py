"""The slides of one bet, each in a module of its own; `reports.bet_deck` puts them together."""
