"""Design problems of engineering, as formulas: what is to be low, and what must not exceed 0.

Each function returns the values of the objectives and of the constraints by name. Constraints that
span orders of magnitude are relative to their limits.
"""

from __future__ import annotations

import math


Design = tuple[list[float], dict[str, float]]


def pressure_vessel(shell: float, head: float, radius: float, length: float) -> Design:
    """Cost of a vessel whose plates come in steps of 1/16 inch.

    Kannan and Kramer, J. Mechanical Design 116 (1994). Best known: 6059.714 at 0.8125, 0.4375,
    42.0984, 176.6366.

    Args:
        shell: Thickness of the shell in inches.
        head: Thickness of the heads in inches.
        radius: Inner radius in inches.
        length: Length of the cylinder in inches.
    """
    cost = 0.6224 * shell * radius * length + 1.7781 * head * radius**2
    cost += 3.1661 * shell**2 * length + 19.84 * shell**2 * radius
    volume = math.pi * radius**2 * length + 4 / 3 * math.pi * radius**3
    return [cost], {
        "shell": 0.0193 * radius - shell,
        "head": 0.00954 * radius - head,
        "volume": 1 - volume / 1_296_000,
    }


def welded_beam(h: float, length: float, t: float, b: float) -> Design:
    """Cost and deflection of a welded beam.

    Ragsdell and Phillips, J. Engineering for Industry 98 (1976), in the form of Coello, Computers
    in Industry 41 (2000), where the deflection, here the second objective, is at most 0.25. Best
    known cost: 1.724852 at 0.205730, 3.470489, 9.036624, 0.205730.

    Args:
        h: Height of the weld in inches.
        length: Length of the weld in inches.
        t: Height of the beam in inches.
        b: Width of the beam in inches.
    """
    load, overhang, young, shear = 6000.0, 14.0, 30e6, 12e6
    cost = 1.10471 * h**2 * length + 0.04811 * t * b * (14.0 + length)
    primary = load / (math.sqrt(2) * h * length)
    moment = load * (overhang + length / 2)
    radius = math.sqrt(length**2 / 4 + ((h + t) / 2) ** 2)
    inertia = 2 * math.sqrt(2) * h * length * (length**2 / 12 + ((h + t) / 2) ** 2)
    secondary = moment * radius / inertia
    stress = math.sqrt(primary**2 + 2 * primary * secondary * length / (2 * radius) + secondary**2)
    bending = 6 * load * overhang / (b * t**2)
    deflection = 4 * load * overhang**3 / (young * t**3 * b)
    buckling = 4.013 * young * math.sqrt(t**2 * b**6 / 36) / overhang**2
    buckling *= 1 - t / (2 * overhang) * math.sqrt(young / (4 * shear))
    return [cost, deflection], {
        "shear": stress / 13_600 - 1,
        "bending": bending / 30_000 - 1,
        "weld": h - b,
        "buckling": 1 - buckling / load,
    }


def tension_spring(wire: float, coil: float, turns: float) -> Design:
    """Weight of a spring.

    Arora, Introduction to Optimum Design (1989). Best known: 0.012665 at 0.051689, 0.356718,
    11.28897.

    Args:
        wire: Diameter of the wire in inches.
        coil: Mean diameter of the coil in inches.
        turns: Number of active turns.
    """
    shear = (4 * coil**2 - wire * coil) / (12566 * (coil * wire**3 - wire**4))
    return [(turns + 2) * coil * wire**2], {
        "deflection": 1 - coil**3 * turns / (71785 * wire**4),
        "shear": shear + 1 / (5108 * wire**2) - 1,
        "surge": 1 - 140.45 * wire / (coil**2 * turns),
        "diameter": (wire + coil) / 1.5 - 1,
    }


def speed_reducer(
    width: float, module: float, teeth: int, l1: float, l2: float, d1: float, d2: float
) -> Design:
    """Weight of a gear box, in its 11 constraints.

    Golinski, J. Mechanisms 5 (1970). Best known: 2994.4711 at 3.5, 0.7, 17, 7.3, 7.71532, 3.35021,
    5.28665.

    Args:
        width: Of the face in cm.
        module: Of the teeth in cm.
        teeth: On the pinion.
        l1: Length of the first shaft between bearings in cm.
        l2: Length of the second shaft in cm.
        d1: Diameter of the first shaft in cm.
        d2: Diameter of the second shaft in cm.
    """
    weight = 0.7854 * width * module**2 * (3.3333 * teeth**2 + 14.9334 * teeth - 43.0934)
    weight += -1.508 * width * (d1**2 + d2**2) + 7.4777 * (d1**3 + d2**3)
    weight += 0.7854 * (l1 * d1**2 + l2 * d2**2)
    stress_1 = math.sqrt((745 * l1 / (module * teeth)) ** 2 + 16.9e6) / (110 * d1**3)
    stress_2 = math.sqrt((745 * l2 / (module * teeth)) ** 2 + 157.5e6) / (85 * d2**3)
    return [weight], {
        "bending": 27 / (width * module**2 * teeth) - 1,
        "surface": 397.5 / (width * module**2 * teeth**2) - 1,
        "deflection_1": 1.93 * l1**3 / (module * teeth * d1**4) - 1,
        "deflection_2": 1.93 * l2**3 / (module * teeth * d2**4) - 1,
        "stress_1": stress_1 - 1,
        "stress_2": stress_2 - 1,
        "size": module * teeth / 40 - 1,
        "slender": 5 * module / width - 1,
        "wide": width / (12 * module) - 1,
        "shaft_1": (1.5 * d1 + 1.9) / l1 - 1,
        "shaft_2": (1.1 * d2 + 1.9) / l2 - 1,
    }


def crash_safety(x1: float, x2: float, x3: float, x4: float, x5: float) -> list[float]:
    """Mass, acceleration and intrusion of a car's front in a crash, as fitted polynomials.

    Liao, Li, Yang, Zhang and Li, Structural and Multidisciplinary Optimization 35 (2008), in the
    form of Tanabe and Ishibuchi, Applied Soft Computing 89 (2020), problem RE3-5-4.

    Args:
        x1: Thickness of the bumper beam in mm, from 1 to 3.
        x2: Likewise of the crash box.
        x3: Likewise of the front rail.
        x4: Likewise of the upper rail.
        x5: Likewise of the cross member.
    """
    mass = 1640.2823 + 2.3573285 * x1 + 2.3220035 * x2 + 4.5688768 * x3
    mass += 7.7213633 * x4 + 4.4559504 * x5
    acceleration = 6.5856 + 1.15 * x1 - 1.0427 * x2 + 0.9738 * x3 + 0.8364 * x4
    acceleration += -0.3695 * x1 * x4 + 0.0861 * x1 * x5 + 0.3628 * x2 * x4
    acceleration += -0.1106 * x1**2 - 0.3437 * x3**2 + 0.1764 * x4**2
    intrusion = -0.0551 + 0.0181 * x1 + 0.1024 * x2 + 0.0421 * x3
    intrusion += -0.0073 * x1 * x2 + 0.0240 * x2 * x3 - 0.0118 * x2 * x4
    intrusion += -0.0204 * x3 * x4 - 0.0080 * x3 * x5 - 0.0241 * x2**2 + 0.0109 * x4**2
    return [mass, acceleration, intrusion]


def rocket_injector(
    angle: float, hydrogen_area: float, oxygen_area: float, tip: float
) -> list[float]:
    """Heat of a rocket injector's face, length of the combustion, and heat of its tip.

    Fitted polynomials of parameters between 0 and 1. Vaidyanathan, Tucker, Papila and Shyy,
    CFD-based design optimization for single element rocket injector, AIAA 2003-0296, in the form
    of Tanabe and Ishibuchi, Applied Soft Computing 89 (2020), problem RE3-4-7.

    Args:
        angle: At which the hydrogen flows towards the oxidizer.
        hydrogen_area: Of its flow.
        oxygen_area: Of the oxidizer's flow.
        tip: Thickness of the tip of the oxidizer's post.
    """
    a, h, o, t = angle, hydrogen_area, oxygen_area, tip
    face = 0.692 + 0.477 * a - 0.687 * h - 0.080 * o - 0.0650 * t
    face += -0.167 * a**2 - 0.0129 * h * a + 0.0796 * h**2 - 0.0634 * o * a - 0.0257 * o * h
    face += 0.0877 * o**2 - 0.0521 * t * a + 0.00156 * t * h + 0.00198 * t * o + 0.0184 * t**2
    length = 0.153 - 0.322 * a + 0.396 * h + 0.424 * o + 0.0226 * t
    length += 0.175 * a**2 + 0.0185 * h * a - 0.0701 * h**2 - 0.251 * o * a + 0.179 * o * h
    length += 0.0150 * o**2 + 0.0134 * t * a + 0.0296 * t * h + 0.0752 * t * o + 0.0192 * t**2
    post = 0.370 - 0.205 * a + 0.0307 * h + 0.108 * o + 1.019 * t
    post += -0.135 * a**2 + 0.0141 * h * a + 0.0998 * h**2 + 0.208 * o * a - 0.0301 * o * h
    post += -0.226 * o**2 + 0.353 * t * a - 0.0497 * t * o - 0.423 * t**2 + 0.202 * h * a**2
    post += -0.281 * o * a**2 - 0.342 * h**2 * a - 0.245 * h**2 * o + 0.281 * o**2 * h
    post += -0.184 * t**2 * a - 0.281 * h * a * o
    return [face, length, post]
