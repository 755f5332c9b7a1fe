"""Peers that speak HTTP/2 frame by frame, independent of our own code: what no good peer does can be done here.

`wire`: frames and connections; `server`: a scripted server and the client that it judges; `client`: likewise the other
way. `negative` and `hostile`: the cases, a file a topic.
"""
