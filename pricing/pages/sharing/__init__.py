"""What pages say to programs: the head, previews of links, structured data, the sitemap."""
