"""Every word and sentence the pictures and their captions can say, in English: the keys of a translation."""

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

DATES = (
    "{day} {month}",
    "{day} {month} {year}",
    "{month} {year}",
    "1 day",
    "{n} days",
    "1 hour",
    "{n} hours",
    "1 minute",
    "{n} minutes",
    "less than a minute",
    "in 1 month",
    "in {n} months",
)

UNITS = ("10K", "100M", "T")  # left as they are by a language that counts in thousands

PICTURES = (
    "Equity",
    "Drawdown",
    "Candles",
    "Comparison",
    "Profit a day",
    "Profit a month",
    "Profit a trade",
    "No data yet",
    "The picture comes with the first numbers.",
    "start {amount}",
    "put in {amount}",
    "trades",
    "deepest fall",
    "now {fall}",
    "volume",
    "gaps: {n}",
    "{n} candles a bar",
    "{won} of {n} days up",
    "{n} days a bar",
    "year",
    "per cent",
    "earlier years: {n}",
    "of {n} trades with profit",
    "mean",
    "median",
    "profit of a trade, of what it cost",
    "{n} far outside",
    "grey: {n} more",
)

CAPTIONS = (
    "No equity to show yet.",
    "Equity {equity}; nothing to compare it with yet.",
    "Equity {equity}, {change} over {span}; deepest fall {fall} on {day}.",
    "Equity {equity}, {change} over {span}; it never fell below an earlier high.",
    "Money put in or taken out ({flows}) is left out of the percentages.",
    "Trades closed: {n}, with profit: {won}.",
    "No fall in {span}.",
    "Deepest fall {fall} on {day}, under water for {span}, {ended}.",
    "made good again",
    "not made good yet",
    "Now {fall} below the best so far.",
    "Now at its best so far.",
    "No candles to show yet.",
    "{symbol} at {price} {quote}, {change} in this window; between {low} and {high}.",
    "Buys: {bought}, sells: {sold}.",
    "No days to show yet.",
    "{total}, up on {won} of {n} days; best {best} on {best_day}, worst {worst} on {worst_day}.",
    "No months to show yet.",
    "{total} {length}; best month {best} ({best_month}), worst {worst} ({worst_month}).",
    "No closed trades to show yet.",
    "{won} of {n} trades with profit; mean {mean}, median {median}, best {best}, worst {worst}.",
    "Nothing to compare yet.",
    "Change over the window: {list}.",
)

KEYS = MONTHS + DATES + UNITS + PICTURES + CAPTIONS
