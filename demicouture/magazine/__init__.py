"""The magazine: ``outputs/index.html``, one page of what all six scripts made, to open and to send."""
