"""One reader a format: files in, `kgrec.data.tables.Tables` out."""
