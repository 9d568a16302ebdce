import numpy as np
from dlcalc.figures.drawing import Drawing
def phi_and_slope(figure, z=1.0, name="tanh", tangent=True):
    """φ above φ′ with the tangent at z."""
    f={"tanh":np.tanh,"sigmoid":lambda t:1/(1+np.exp(-t))}[name]
    d={"tanh":lambda t:1-np.tanh(t)**2,"sigmoid":lambda t:f(t)*(1-f(t))}[name]
    grid=np.linspace(-6,6,301)
    top,bottom=figure.subplots(2,1,sharex=True)
    figure.subplots_adjust(left=.09,right=.97,top=.94,bottom=.13,hspace=.18)
    top.plot(grid,f(grid),color="#0072b2",lw=2); top.set(ylim=(-1.6,1.6),xlim=(-6,6),ylabel=r"$\varphi(z)$")
    bottom.plot(grid,d(grid),color="#d55e00",lw=2,ls="--"); bottom.set(ylim=(-.1,1.3),ylabel=r"$\varphi^{\prime}(z)$",xlabel="$z$")
    v,s=float(f(z)),float(d(z))
    (line,)=top.plot(grid,v+s*(grid-z),color="#d55e00",lw=1.5); line.set_visible(tangent)
    (dot,)=top.plot([z],[v],"o",color="#0072b2",ms=8,zorder=5)
    (rule,)=bottom.plot([z,z],[0,s],color="#555",lw=1,ls=":")
    (dot2,)=bottom.plot([z],[s],"s",color="#d55e00",ms=7,zorder=5)
    note=bottom.annotate(rf"$\varphi'({z:.1f}) = {s:.3f}$",(z,s),xytext=(8,8),textcoords="offset points")
    return Drawing(f"{name} at z = {z:.1f}: value {v:.3f}, slope {s:.3f}.",{"value":v,"slope":s},(line,dot,rule,dot2,note))
phi_and_slope.size=(7.2,3.6)
