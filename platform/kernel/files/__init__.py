"""Files that people upload: allow-listed, re-encoded, stored under a random name, served by an authorising view."""
