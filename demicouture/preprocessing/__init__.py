"""Step 2: from scraped pictures to a data set of small squares: select, cut out, crop."""
