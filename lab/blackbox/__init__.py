"""The black box: real nodes behind a switch that misbehaves, checked by their HTTP answers alone.

A run is a row of cycles. In each, clients count while a drawn schedule cuts the network, kills and
stops processes, takes directories away and sets clocks. Then everything is healed, and all that was
acknowledged must be there once, on every node, and the cluster must come to rest.
"""
