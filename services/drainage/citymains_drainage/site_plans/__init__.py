"""Site plans (一涵一策): one page per underpass or station."""
