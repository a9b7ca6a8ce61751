"""PowerPoint slides of native, editable shapes, charts and tables (extra ``deck``), the same bytes every time."""
