"""The app's own themes; every Textual theme can be chosen beside them (`:theme`)."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="slskmesh-dark",
    primary="#7aa2c8",
    secondary="#8f9fb5",
    accent="#6fc3b2",
    foreground="#d3d9e0",
    background="#12161b",
    surface="#1a2027",
    panel="#242c35",
    success="#8fbf7f",
    warning="#dcb36a",
    error="#e07a72",
    dark=True,
)

LIGHT = Theme(
    name="slskmesh-light",
    primary="#2f6395",
    secondary="#5d6b7a",
    accent="#0f7c6c",
    foreground="#22282e",
    background="#f6f7f5",
    surface="#ebeeec",
    panel="#dde2df",
    success="#3d7a2e",
    warning="#946200",
    error="#b23a32",
    dark=False,
)

CONTRAST = Theme(
    name="slskmesh-contrast",
    primary="#ffffff",
    secondary="#c8c8c8",
    accent="#00e5ff",
    foreground="#ffffff",
    background="#000000",
    surface="#101010",
    panel="#303030",
    success="#5dff5d",
    warning="#ffd75f",
    error="#ff6e6e",
    dark=True,
)

OWN = (DARK, LIGHT, CONTRAST)
