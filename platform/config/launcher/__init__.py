"""Starts the product on one machine: installs, builds, runs the embedded servers and supervises the processes.

Nothing here needs Django's settings: the launcher runs before they can be read, and gives them their addresses.
``bootstrap`` runs under the system's Python before anything is installed, so it may import the standard library only.
"""
