"""From a file of complaints to labelled examples: choosing, the sheet that a reviewer fills in, and what comes back."""
