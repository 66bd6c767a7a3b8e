"""The services this peer offers on the fabric."""
