"""What pages, notebooks, scripts and the PDF are made with."""
