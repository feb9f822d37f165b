"""Speed and size, measured as ratios against a floor or a rival in the same run; nothing here can fail a build."""
