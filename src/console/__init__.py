"""The console: web pages on this machine that show an AWS account, and that change it where this is allowed.

It is a client of AWS and nothing else. Everything comes through boto3 under the profile in use, so the pages show a
local AWS and a real account in the same way.

One page request, `GET /training-jobs/bikes`:

1. `server.py` receives it; `access.py` judges it (Host, Origin, the user at the other end) before anything else.
2. The route leads to a `View` (`pages.py`): a template, and a function of `views/` that loads what it shows.
3. The function calls `aws/`, which turns answers of AWS into small frozen values. `aws/client.py` makes each call in a
   thread, makes equal calls at the same time only once, and keeps each answer for a moment.
4. The template writes them as HTML. Figures, charts and graphs come from `display`, as text and SVG.

One live event, on the same address with `Accept: text/event-stream`, which the page's `live.js` opens:

1. `live.py` loads the same view again every second or two, and renders only those blocks of its template that are
   called `live_…`.
2. It sends those that differ from what this page has. `live.js` puts them into the page.
3. When the tab is hidden or closed, the stream ends. Without an open page the console makes no calls at all.

Changes (`POST`, `changes.py`) must come from a page of the console itself. They need an AWS on this machine, or
`--allow-changes`.
"""
