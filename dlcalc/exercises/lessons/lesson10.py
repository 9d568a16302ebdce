"""Lesson 10, training, the PyTorch example and real digits: build, manual_grads, train, diagnose, digits."""

from typing import Any

import numpy as np

from dlcalc import autodiff
from dlcalc.datasets import digits as handwritten_digits
from dlcalc.exercises.comparison import alike, as_array, compare, items_of
from dlcalc.exercises.discretion import private
from dlcalc.exercises.exercise import Exercise, Slip, Tolerance, call
from dlcalc.exercises.lessons.clinic import HIDDEN_UNITS, histories

# The package offers PyTorch's names by star imports, which a type checker does not follow.
torch: Any = autodiff

# --- 10.build --------------------------------------------------------------------------------------------------------


def build():
    """The lecture's network as a module of torch (dlcalc.autodiff): five inputs, three hidden units, one output.

    The result is nn.Sequential(Linear(5, 3), ReLU(), Linear(3, 1), Flatten(0, 1)): the last layer makes (N,) of the
    output's (N, 1), so that it fits labels of shape (N,).
    """
    nn = torch.nn
    return nn.Sequential(nn.Linear(5, 3), nn.ReLU(), nn.Linear(3, 1), nn.Flatten(0, 1))


def build_from_a_list():
    layers = [torch.nn.Linear(5, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1), torch.nn.Flatten(start_dim=0)]
    return torch.nn.Sequential(*layers)


def _build_cases(seed):
    rng = np.random.default_rng(seed)
    batch = rng.normal(size=(4, 5))
    return [{"way": "build", "arguments": (), "batch": batch, "parameters": _parameters(rng, 3)}]


def _compare_build(case, value, expected):
    items = items_of(value)
    if len(items) != 4:
        return "The result must be an nn.Sequential."
    layers, shapes, output = (_plain(item) for item in items[:3])
    if not all(isinstance(part, list) for part in (layers, shapes, output)):
        return "The result must be an nn.Sequential."
    if not layers:
        return "The nn.Sequential holds no layers."
    if layers != ["Linear", "ReLU", "Linear", "Flatten"]:
        return f"The layers are {private(', '.join(map(str, layers)))}; asked are Linear, ReLU, Linear, Flatten."
    if shapes != [[3, 5], [3], [1, 3], [1]]:
        return f"The parameters have the shapes {private(shapes)}; expected are [3, 5], [3], [1, 3], [1]."
    if output != [4]:
        return f"On 4 examples the output has shape {private(tuple(output))}; expected is (4,)."
    right = alike(items[3], items_of(expected)[3], BUILD.tolerance)
    return "" if right else "The layers have the right names and shapes, and compute something else."


def _plain(described):
    return [_plain(item) for item in items_of(described)] if "items" in described else described.get("value")


BUILD = Exercise(
    id="10.build",
    points=1,
    reference=build,
    cases=_build_cases,
    compare=_compare_build,
    driving=("models",),
    alternatives=(build_from_a_list,),
    slips=(
        Slip(
            "Flatten removed",
            "Flatten is missing, so the output is (N, 1); against labels (N,) the loss would broadcast to N×N.",
            {", nn.Flatten(0, 1)": ""},
        ),
        Slip(
            "Flatten without the batch axis",
            "Flatten() begins at axis 1 and leaves (N, 1) as it is; Flatten(0, 1) joins axes 0 and 1 to (N,).",
            {"nn.Flatten(0, 1)": "nn.Flatten()"},
            {"nn.Flatten(0, 1)": "nn.Flatten(1)"},
        ),
        Slip(
            "W assumed (in, out)",
            "The widths are swapped: Linear(in, out) takes the inputs first, then the outputs.",
            {"nn.Linear(5, 3)": "nn.Linear(3, 5)", "nn.Linear(3, 1)": "nn.Linear(1, 3)"},
            {"nn.Linear(5, 3)": "nn.Linear(3, 5)"},
        ),
        Slip(
            "no activation",
            "There is no activation between the linear layers: two linear layers in a row are one.",
            {"nn.ReLU(), ": ""},
        ),
        Slip(
            "ReLU at the output",
            "ReLU stands at the output too: for regression the output is linear.",
            {"nn.Linear(3, 1), ": "nn.Linear(3, 1), nn.ReLU(), "},
        ),
        Slip(
            "another activation",
            "The activation is not ReLU.",
            {"nn.ReLU()": "nn.Sigmoid()"},
            {"nn.ReLU()": "nn.Tanh()"},
        ),
        Slip(
            "no bias",
            "The biases are missing (bias=False).",
            {"nn.Linear(5, 3)": "nn.Linear(5, 3, bias=False)", "nn.Linear(3, 1)": "nn.Linear(3, 1, bias=False)"},
            {"nn.Linear(5, 3)": "nn.Linear(5, 3, bias=False)"},
            {"nn.Linear(3, 1)": "nn.Linear(3, 1, bias=False)"},
        ),
        Slip(
            "a list of layers",
            "This is a list of layers; nn.Sequential(...) chains them to a model.",
            {"nn.Sequential(": "list((", "nn.Flatten(0, 1))": "nn.Flatten(0, 1)))"},
        ),
    ),
    hints=(
        "nn.Linear(in, out) holds W of shape (out, in) and a bias.",
        "The output of the last Linear is (N, 1). What must happen so that it fits labels (N,)?",
    ),
    why="Flatten(0, 1) joins the batch axis and the axis of length 1.",
)

# --- 10.manual_grads -------------------------------------------------------------------------------------------------


def manual_grads(model, X, y):
    """The gradients that loss.backward() would leave in .grad, computed by hand with NumPy.

    model is Sequential(Linear, ReLU, Linear, Flatten(0, 1)) of torch (dlcalc.autodiff), X a tensor (N, 5), y a tensor
    (N,); the loss is MSELoss(), the mean over the N examples. The result is a list of arrays in the order of
    model.parameters(): W of the first layer (out, in), its bias, and the same of the second. The model is unchanged.
    """
    W1, b1, W2, b2 = (p.detach().numpy() for p in model.parameters())
    X, y = X.numpy(), y.numpy()
    Z = X @ W1.T + b1
    V = np.maximum(Z, 0)
    f = (V @ W2.T + b2)[:, 0]
    delta2 = 2 * (f - y)[:, None] / len(y)
    delta1 = (delta2 @ W2) * (Z > 0)
    return [delta1.T @ X, delta1.sum(axis=0), delta2.T @ V, delta2.sum(axis=0)]


def manual_grads_example_by_example(model, X, y):
    W1, b1, W2, b2 = (p.detach().numpy() for p in model.parameters())
    total = [np.zeros(p.shape) for p in (W1, b1, W2, b2)]
    for x, label in zip(X.numpy(), y.numpy()):
        z = W1 @ x + b1
        v = np.where(z > 0, z, 0.0)
        delta = 2 * (W2 @ v + b2 - label)
        back = (W2.T @ delta) * (v > 0)
        for array, part in zip(total, (np.outer(back, x), back, np.outer(delta, v), delta)):
            array += part / len(y)
    return tuple(total)


def _parameters(rng, hidden=3):
    return [rng.normal(size=shape) for shape in [(hidden, 5), (hidden,), (1, hidden), (1,)]]


def _manual_cases(seed):
    rng = np.random.default_rng(seed)
    drawn = [(_parameters(rng), rng.normal(size=(N, 5)), rng.normal(size=N)) for N in (1, 5, 3, 8)]
    # The last network stands with one unit exactly on ReLU's kink, where the slope is 0.
    drawn[-1][0][1][0], drawn[-1][1][0] = 0.0, 0.0
    return [
        {"way": "with model", "arguments": ({"model": parameters}, {"tensor": X}, {"tensor": y})}
        for parameters, X, y in drawn
    ]


GRADIENT_NAMES = ("∇W of layer 1", "∇b of layer 1", "∇W of layer 2", "∇b of layer 2")


def _manual_label(path):
    return GRADIENT_NAMES[path[0]] if path else "the result"


def _compare_manual(case, value, expected):
    if len(items_of(value)) != 3:
        return "A list of four arrays is asked."
    grads, values, cleared = value["items"]
    difference = compare(grads, expected["items"][0], Tolerance(), _manual_label)
    if difference is not None:
        return difference.sentence
    if values.get("value"):
        return "The gradients are right, but the model's parameters have been changed."
    return (
        "The gradients are right, but .grad was filled in the model: compute by hand." if cleared.get("value") else ""
    )


_DELTA2 = "2 * (f - y)[:, None] / len(y)"
_DELTA1 = "(delta2 @ W2) * (Z > 0)"

MANUAL_GRADS = Exercise(
    id="10.manual_grads",
    points=3,
    reference=manual_grads,
    cases=_manual_cases,
    compare=_compare_manual,
    driving=("models",),
    alternatives=(manual_grads_example_by_example,),
    slips=(
        Slip(
            "W assumed (in, out)",
            "W was taken as (in, out): in torch a Linear's weight is (out, in), so Z = X Wᵀ + b, and ∇W = ΔᵀX.",
            {"X @ W1.T": "X @ W1"},
            {"delta1.T @ X": "X.T @ delta1", "delta2.T @ V": "V.T @ delta2"},
            {"delta1.T @ X": "X.T @ delta1"},
            {"delta2.T @ V": "V.T @ delta2"},
        ),
        Slip("½", "The factor 2 is missing: MSELoss has no ½, so its slope is 2(f − y)/N.", {"2 * (f - y)": "(f - y)"}),
        Slip("missing 1/N", "The 1/N is missing: MSELoss is the mean, not the sum.", {" / len(y)": ""}),
        Slip(
            "½ and missing 1/N",
            "Both the factor 2 and the 1/N are missing: this is the slope of ½ Σ (f − y)², MSELoss is Σ (f − y)² / N.",
            {"2 * (f - y)": "(f - y)", " / len(y)": ""},
        ),
        Slip(
            "1/N twice",
            "The mean was taken twice: 1/N belongs into the output error signal only.",
            {" / len(y)": " / len(y) ** 2"},
            {"delta1.sum": "delta1.mean", "delta2.sum": "delta2.mean"},
            {
                "delta1.T @ X": "delta1.T @ X / len(y)",
                "delta2.T @ V": "delta2.T @ V / len(y)",
                "delta1.sum": "delta1.mean",
                "delta2.sum": "delta2.mean",
            },
        ),
        Slip("sign", "The sign is wrong: the error signal is 2(f − y)/N.", {"(f - y)": "(y - f)"}),
        Slip("no φ′", "ReLU's slope is missing: the error signal passes only where Z > 0.", {" * (Z > 0)": ""}),
        Slip(
            "mask v ≥ 0",
            "The mask is all ones: V = max(Z, 0) is never negative. Ask for Z > 0.",
            {"(Z > 0)": "(V >= 0)"},
            same_as=("no φ′",),
        ),
        Slip(
            "1 at the kink",
            "At Z = 0 the error signal was let through; the convention is φ′(0) = 0, so ask for Z > 0.",
            {"(Z > 0)": "(Z >= 0)"},
        ),
        Slip("φ for φ′", "V stands where ReLU's slope (Z > 0) belongs.", {"(Z > 0)": "V"}),
        Slip(
            "Z for V",
            "∇W of layer 2 was made with Z; a weight multiplies V = max(Z, 0).",
            {"delta2.T @ V": "delta2.T @ Z"},
        ),
        Slip(
            "order of the parameters",
            "The gradients are in another order than model.parameters(): W, b of layer 1, then W, b of layer 2.",
            {
                "[delta1.T @ X, delta1.sum(axis=0), delta2.T @ V, delta2.sum(axis=0)]": "[delta2.T @ V, "
                "delta2.sum(axis=0), delta1.T @ X, delta1.sum(axis=0)]"
            },
            {
                "[delta1.T @ X, delta1.sum(axis=0), delta2.T @ V, delta2.sum(axis=0)]": "[delta1.T @ X, delta2.T @ V, "
                "delta1.sum(axis=0), delta2.sum(axis=0)]"
            },
        ),
        Slip(
            "(N,1) targets",
            "An (N, 1) and an (N,) met, so that every output was compared with every label: keep f and y in one shape.",
            {_DELTA2: "2 * np.mean(f[:, None] - y, axis=1, keepdims=True) / len(y)"},
            {_DELTA2: "2 * (f[:, None] - y) / len(y)"},
            {_DELTA2: "2 * (f[:, None] - y) / len(y) ** 2"},
            {_DELTA2: "2 * np.sum(f[:, None] - y, axis=1, keepdims=True) / len(y)"},
        ),
        Slip(
            "bias unsummed",
            "The bias gradients were not summed over the examples.",
            {"delta1.sum(axis=0)": "delta1", "delta2.sum(axis=0)": "delta2"},
            {"delta1.sum(axis=0)": "delta1[0]", "delta2.sum(axis=0)": "delta2[0]"},
        ),
        Slip(
            ".grad read off a non-leaf",
            ".grad was read where there is none: only leaves (the parameters) get a .grad, an intermediate result "
            "keeps "
            "None, and before backward() all are None.",
            lambda model, X, y: [p.grad for p in model.parameters()],
            lambda model, X, y: [model[0](X).grad for _ in range(4)],
            lambda model, X, y: [p.grad.numpy() for p in model.parameters()],
        ),
        Slip(
            "tensors for arrays",
            "The list holds tensors; arrays are asked (.numpy()).",
            lambda model, X, y: [torch.tensor(g) for g in manual_grads(model, X, y)],
        ),
    ),
    hints=(
        "Take the arrays out first: (p.detach().numpy() for p in model.parameters()).",
        "A Linear's weight is (out, in), and its bias stands apart: Z = X W1ᵀ + b1.",
        "Δ₂ = 2(f − y)/N as a column (N, 1); Δ₁ = (Δ₂ W2) ⊙ (Z > 0); each ∇W = Δᵀ(input), each ∇b = Σ Δ.",
    ),
    why="The same three equations as in lesson 08, with the bias apart.",
)

# --- 10.train --------------------------------------------------------------------------------------------------------


def train(model, X, y, lr, epochs, seed):
    """Full-batch gradient descent with MSELoss(): the list of the losses, entry t before step t.

    model is a module of torch (dlcalc.autodiff) with output (N,), X a tensor (N, 5), y a tensor (N,), lr a float. Each
    of the `epochs` steps is plain SGD on the whole of X. The result is a list of `epochs` floats; the model is trained
    in place. seed serves those who draw random numbers.
    """
    torch.manual_seed(seed)
    loss_function = torch.nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        loss = loss_function(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def train_by_hand(model, X, y, lr, epochs, seed):
    losses = []
    for _ in range(epochs):
        f = model(X)
        loss = ((f - y) ** 2).mean()
        losses.append(float(loss.detach().numpy()))
        loss.backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= lr * p.grad
                p.grad = None
    return tuple(losses)


def _train_cases(seed):
    rng = np.random.default_rng(seed)
    cases = []
    for N, epochs, hidden in [(1, 1, 3), (6, 3, 3), (8, 12, 4)]:
        X = {"tensor": rng.normal(size=(N, 5))}
        y = {"tensor": rng.normal(size=N)}
        lr = float(rng.uniform(0.02, 0.05))
        cases.append(call({"model": _parameters(rng, hidden)}, X, y, lr, epochs, int(rng.integers(1000))))
    return cases


def _train_label(path):
    return f"the loss before step {path[0]}" if path else "the result"


_LOOP = "    for _ in range(epochs):\n"
_FORWARD = "        loss = loss_function(model(X), y)\n"
_STEP = "        optimizer.step()\n"
_ZERO = "        optimizer.zero_grad()\n"

TRAIN = Exercise(
    id="10.train",
    points=3,
    reference=train,
    cases=_train_cases,
    label=_train_label,
    driving=("models",),
    seconds=5.0,
    alternatives=(train_by_hand,),
    slips=(
        Slip(
            "zero_grad missing",
            "The gradients are never cleared, so each step uses the sum of all gradients so far: it looks like a "
            "momentum that grows. Call zero_grad() before backward().",
            {_ZERO: ""},
        ),
        Slip(
            "zero_grad between backward and step",
            "The losses never change: zero_grad() stands between backward() and step(), so that step() finds no "
            "gradient, or the step is missing.",
            {_ZERO: "", _STEP: _ZERO + _STEP},
            {_STEP: ""},
        ),
        Slip(
            "loss after the step",
            "The losses are shifted by one: entry t is the loss before step t.",
            {"loss.item()": "loss_function(model(X), y).item()"},
        ),
        Slip(
            "tensors for floats",
            "The list holds tensors; loss.item() is the float.",
            {"loss.item()": "loss"},
            {"loss.item()": "loss.detach()"},
        ),
        Slip(
            "ascent",
            "The loss grows: the step goes uphill. Subtract the gradient.",
            {"lr=lr": "lr=-lr"},
            {"optimizer.step()": "optimizer.step()", "loss.backward()": "(-loss).backward()"},
        ),
        Slip(
            "sum for mean",
            "This is the sum of the squares; MSELoss() is their mean.",
            {"MSELoss()": 'MSELoss(reduction="sum")'},
        ),
        Slip(
            "½",
            "There is a ½ in front: MSELoss has none.",
            {"loss_function(model(X), y)": "loss_function(model(X), y) / 2"},
        ),
        Slip(
            ".grad read off a non-leaf",
            ".grad was read where there is none: p − lr·p.grad is a new tensor and no leaf, so the next backward() "
            "gives it no .grad. Change the parameters themselves, under torch.no_grad(): p -= lr * p.grad.",
            lambda model, X, y, lr, epochs, seed: _onto_new_tensors(model, X, y, lr, epochs),
        ),
        Slip(
            "(N,1) targets",
            "An (N, 1) and an (N,) met and made N×N differences: the labels must have the shape of the output, (N,).",
            {"loss_function(model(X), y)": "((model(X) - y.reshape(-1, 1)) ** 2).mean()"},
        ),
        Slip(
            "second backward without a new forward",
            "The loss was computed once and backward() called again: each step needs a forward pass of its own, "
            "because "
            "the weights have changed (and the graph is freed).",
            {_LOOP + _FORWARD: _FORWARD[4:] + _LOOP},
            {_LOOP + _FORWARD: "    f = model(X)\n" + _LOOP + "        loss = loss_function(f, y)\n"},
        ),
        Slip(
            "number of steps",
            "The number of losses is not `epochs`.",
            {"range(epochs)": "range(epochs + 1)"},
            {"range(epochs)": "range(epochs - 1)"},
            {"return losses": "return losses[-1]"},
        ),
        Slip(
            "learning rate fixed",
            "The learning rate that was given is not used.",
            {"lr=lr": "lr=1e-3"},
            {"lr=lr": "lr=0.01"},
            {"lr=lr": "lr=0.1"},
        ),
        Slip(
            "another optimizer",
            "The steps are not plain SGD (p − lr·g).",
            {"SGD(model.parameters(), lr=lr)": "Adam(model.parameters(), lr=lr)"},
            {"SGD(model.parameters(), lr=lr)": "SGD(model.parameters(), lr=lr, momentum=0.9)"},
        ),
    ),
    hints=(
        "Five lines in the loop: forward and loss, zero_grad, backward, step, keep loss.item().",
        "optimizer = torch.optim.SGD(model.parameters(), lr=lr) before the loop.",
    ),
    why="zero_grad comes anywhere between one step and the next backward.",
)


def _onto_new_tensors(model, X, y, lr, epochs):
    """Steps that give new tensors, of which no backward() knows."""
    parameters, losses = list(model.parameters()), []
    for _ in range(epochs):
        loss = torch.nn.MSELoss()(model(X), y)
        losses.append(loss.item())
        model.zero_grad()
        loss.backward()
        parameters = [p - lr * p.grad for p in parameters]
    return losses


# --- 10.diagnose -----------------------------------------------------------------------------------------------------


def diagnose(history):
    """What is wrong with a training run, from its curves.

    history is a dictionary: "loss" is the list of the losses, "gradient_norm" for each epoch the list of the norms of
    the gradient of layers 1 and 2, "dead_units" for each epoch how many of the 8 hidden ReLU units are 0 on all
    examples. All runs are full batch on N = 32 examples with labels of mean 0 and variance 1 (so whoever predicts the
    mean has a mean-squared error of 1). The result is "healthy", "no_zero_grad" (gradients pile up), "no_flatten"
    ((N, 1) against (N,): the model fits the mean), "sum_for_mean" (the loss is a sum), "diverges" (the learning rate
    is too large) or "dead_units" (all hidden units are dead).
    """
    loss, norms = np.array(history["loss"]), np.array(history["gradient_norm"])
    if not np.isfinite(loss).all() or loss[-1] > 100 * loss[0]:
        return "diverges"
    if norms[-1][0] == 0:
        return "dead_units"
    if loss[0] > 10:
        return "sum_for_mean"
    if loss[-1] > 1.5 * loss.min():
        return "no_zero_grad"
    return "no_flatten" if loss[-1] > 0.8 else "healthy"


def diagnose_by_other_signs(history):
    loss, dead = np.array(history["loss"]), history["dead_units"]
    if not loss[-1] < 1e4:
        return "diverges"
    if dead[-1] == HIDDEN_UNITS:
        return "dead_units"
    if loss[0] > 12:
        return "sum_for_mean"
    rises = np.diff(loss) > 1e-9
    if rises.mean() > 0.2:
        return "no_zero_grad"
    return "healthy" if loss[-1] < 0.7 else "no_flatten"


def _diagnose_cases(seed):
    return [call({"mapping": history}) for _, history in histories(seed)]


def _renamed(old, new):
    """A doctor who takes one disease for another."""

    def answer(history):
        found = diagnose(history)
        return new if found == old else found

    return answer


DIAGNOSE = Exercise(
    id="10.diagnose",
    points=3,
    reference=diagnose,
    cases=_diagnose_cases,
    alternatives=(diagnose_by_other_signs,),
    slips=(
        Slip(
            "falling is not healthy",
            "A run whose loss falls was called healthy: look at where it ends, and whether the gradients have died "
            "or pile up.",
            lambda history: "healthy" if history["loss"][-1] < history["loss"][0] else diagnose(history),
            lambda history: "healthy" if history["loss"][-1] < history["loss"][0] else "diverges",
        ),
        Slip(
            "some dead units",
            "A run with a few dead units was called dead: the others still learn. Look whether a gradient reaches "
            "layer 1.",
            lambda history: (
                "dead_units" if np.isfinite(history["loss"]).all() and history["dead_units"][-1] else diagnose(history)
            ),
        ),
        Slip(
            "always healthy",
            "Every run is called healthy: five of the six labels are illnesses.",
            lambda history: "healthy",
        ),
        Slip(
            "dead units overlooked",
            "A run with dead units was taken for another: its gradient in layer 1 is exactly 0.",
            *(_renamed("dead_units", other) for other in ("healthy", "no_flatten", "diverges", "no_zero_grad")),
        ),
        Slip(
            "no_flatten overlooked",
            "A run without Flatten was taken for another: it trains calmly, but only down to the variance of the "
            "labels.",
            *(_renamed("no_flatten", other) for other in ("healthy", "dead_units", "no_zero_grad")),
        ),
        Slip(
            "sum_for_mean overlooked",
            "A run with a summed loss was taken for another: its losses begin N times as high as a mean would.",
            *(_renamed("sum_for_mean", other) for other in ("healthy", "diverges", "no_flatten", "no_zero_grad")),
        ),
        Slip(
            "no_zero_grad overlooked",
            "A run without zero_grad was taken for another: its loss swings back up, like a pendulum without friction.",
            *(_renamed("no_zero_grad", other) for other in ("healthy", "diverges", "no_flatten")),
        ),
        Slip(
            "divergence overlooked",
            "A run that diverges was taken for another: its losses grow beyond all bounds, to inf and nan.",
            *(_renamed("diverges", other) for other in ("healthy", "no_zero_grad", "sum_for_mean", "dead_units")),
        ),
    ),
    hints=(
        "Draw the curves of one run of each kind in the lesson's figure. Which single number tells each apart?",
        "Ask in this order: does the loss stay finite? is the gradient of layer 1 exactly 0? does the loss begin "
        "near N?",
        "Then: does the loss rise again? And where does it end, well below 1 or near 1?",
    ),
    why="Each bug has a mark of its own; the plainest are asked for first.",
)

# --- 10.digits -------------------------------------------------------------------------------------------------------


def digits(X_train, y_train, seed):
    """A classifier of handwritten digits, trained by your own backpropagation.

    X_train has shape (N, 64), the pixels of 8×8 images from 0 to 1; y_train (N,) holds the labels 0..9. Random numbers
    come from seed. The result is a callable predict(X) that returns the labels, shape (len(X),); at least 95 % must be
    right on images that were held out.
    """

    def augment(X):
        return np.hstack([X, np.ones((len(X), 1))])

    rng = np.random.default_rng(seed)
    W1 = rng.normal(size=(48, 65)) * np.sqrt(2 / 64)
    W2 = rng.normal(size=(10, 49)) * np.sqrt(1 / 48)
    X, Y = augment(X_train), np.eye(10)[y_train]

    for _ in range(30):
        order = rng.permutation(len(X))
        for start in range(0, len(X), 32):
            batch = order[start : start + 32]
            Z = X[batch] @ W1.T
            V = augment(np.maximum(Z, 0))
            f = V @ W2.T
            p = np.exp(f - f.max(axis=1, keepdims=True))
            delta2 = (p / p.sum(axis=1, keepdims=True) - Y[batch]) / len(batch)
            delta1 = (delta2 @ W2[:, :-1]) * (Z > 0)
            W2 -= 0.3 * delta2.T @ V
            W1 -= 0.3 * delta1.T @ X[batch]

    def predict(X):
        V = augment(np.maximum(augment(X) @ W1.T, 0))
        return np.argmax(V @ W2.T, axis=1)

    return predict


def _held_out(seed):
    """The indices of the images that serve to train, and of those that are held out."""
    order = np.random.default_rng(seed).permutation(len(handwritten_digits()[1]))
    return np.split(order, [1437])


def _digits_cases(seed):
    X, y = handwritten_digits()
    trained, held_out = _held_out(seed)
    return [
        {"way": "callable", "arguments": (X[trained], y[trained], seed), "points": [X[held_out]], "split": seed},
    ]


def _compare_digits(case, value, expected):
    items = items_of(value)
    labels = as_array(items[0]) if len(items) == 1 else None
    if len(items) == 1 and items[0].get("kind") == "sequence":
        entries = [as_array(item) for item in items[0]["items"]]
        labels = None if any(entry is None or entry.shape for entry in entries) else np.array(entries)
    right = handwritten_digits()[1][_held_out(case["split"])[1]]
    if labels is None:
        return "digits must return a callable predict(X) that returns labels."
    if labels.ndim == 2:
        return "predict must return labels, one number for each image, not ten scores."
    if labels.shape != right.shape:
        return f"predict must return {len(right)} labels for {len(right)} images; it returned shape {labels.shape}."
    share = float(np.mean(labels == right))
    if len(np.unique(labels)) == 1:
        return "predict returns the same label for every image."
    if share < 0.25:
        return "Hardly better than guessing: the network has not learned."
    if share < 0.95:
        return (
            f"On held-out images {share:.1%} are right; 95 % are asked. "
            "Print the training loss: while it still falls, train longer or take larger steps."
        )
    return ""


def _nearest_neighbour(X_train, y_train, seed):
    def predict(X):
        return y_train[np.argmin((X**2).sum(axis=1)[:, None] - 2 * X @ X_train.T + (X_train**2).sum(axis=1), axis=1)]

    return predict


# What predict returns does not depend on how long was trained.
_BRIEFLY = {"range(30)": "range(1)"}

DIGITS = Exercise(
    id="10.digits",
    points=5,
    reference=digits,
    cases=_digits_cases,
    compare=_compare_digits,
    seconds=60.0,
    slow=True,
    alternatives=(_nearest_neighbour,),
    slips=(
        Slip(
            "scores for labels",
            "predict returns ten scores for each image; the label is the position of the largest, np.argmax(f, "
            "axis=1).",
            {"return np.argmax(V @ W2.T, axis=1)": "return V @ W2.T", **_BRIEFLY},
        ),
        Slip(
            "argmax over the batch",
            "predict takes the largest over the images; the label is the largest score of each image, axis=1.",
            {"np.argmax(V @ W2.T, axis=1)": "np.argmax(V @ W2.T, axis=0)", **_BRIEFLY},
        ),
        Slip(
            "not learned",
            "Hardly better than guessing: the weights are never changed, or step uphill, or the labels are mixed up.",
            {"range(30)": "range(0)"},
            {"W2 -= 0.3": "W2 += 0.0", "W1 -= 0.3": "W1 += 0.0", **_BRIEFLY},
        ),
        Slip(
            "one label for all",
            "predict returns the same label for every image: it does not use X, or training has left nan in the "
            "weights (a wrong sign climbs, a large η overshoots).",
            lambda X_train, y_train, seed: lambda X: np.zeros(len(X), int),
            lambda X_train, y_train, seed: lambda X: np.full(len(X), np.bincount(y_train).argmax()),
        ),
    ),
    hints=(
        "Lesson 08's backward pass with softmax and cross-entropy: the output error signal is (p − e_y)/N.",
        "Mini-batches of 32, a learning rate near 0.3, some 30 epochs and 48 hidden ReLU units reach 97 %.",
        "If the loss does not fall: check your gradient with 08.gradient_check on a few examples.",
    ),
    why="Only the output error signal differs from lesson 08: p − e_y in place of 2(f − y).",
)

EXERCISES = (BUILD, MANUAL_GRADS, TRAIN, DIAGNOSE, DIGITS)
