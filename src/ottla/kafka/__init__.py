"""The only door to a live cluster: data in, frozen data out, foreign errors end here. It speaks model, never plan or spec."""
