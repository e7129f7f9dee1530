"""Finds out why customers complain: 5 Whys over a file of complaints, merged and ranked."""
