"""What leaves for paper and for other programs: labels, job sheets, OKW."""
