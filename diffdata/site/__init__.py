"""The site: pages for readers, built offline into a folder that any static host serves."""
