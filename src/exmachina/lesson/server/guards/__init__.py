"""Who may speak to the server, how much, and when: ASGI middlewares that stand before every route.

A page on the web can make its reader's browser send requests to this computer. Three checks keep it out: the
Host header must name this server (a rebound domain name does not), the Origin must be this server's own, and a
request that changes something must carry a content type that no plain form can send.
"""
