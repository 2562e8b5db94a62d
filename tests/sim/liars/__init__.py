"""Peers that lie: what each does, what must hold for the honest, and its story.

A liar is a site like any other, with a mind of the product; what makes it one is what
it does to what that mind says and hears, and what it says besides.
"""
