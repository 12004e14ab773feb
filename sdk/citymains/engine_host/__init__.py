"""The one place where a solver process is started, fed, limited and killed.

`citymains.engine_host.engine` is for those who write engines, `citymains.engine_host.client`
for those who ask them. docs/engines.md tells how it works.
"""
