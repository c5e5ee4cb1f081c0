"""What could happen on the worst day, tried on thin runs of the six scripts: ``python -m faults``, ``make faults``.

Kills, full disks, damaged files, odd pictures, hostile networks, two scripts at once. It takes up to a quarter of an
hour and writes ``docs/reliability.md``.
"""
