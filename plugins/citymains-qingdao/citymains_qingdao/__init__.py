"""Local rules of Qingdao (青岛) for citymains."""
