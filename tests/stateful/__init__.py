"""Random lives of a gateway, judged after every step; and proof that the judge can say no."""
