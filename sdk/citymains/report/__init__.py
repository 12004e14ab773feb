"""Maps, Excel, HTML and GeoPackage from any record."""
