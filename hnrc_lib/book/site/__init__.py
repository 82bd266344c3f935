"""Parts of the Sphinx extension that turns chapters into the site; nothing here is imported by a chapter."""
