"""The shaders. Colours are linear inside; the square root at the end stands for the display's gamma.

Every material has its own small fragment program: one program with branches for all costs twice the time on a CPU.
"""

from __future__ import annotations

FRAME = """
// What is the same for all that is drawn in one picture. Vectors are padded to four numbers, as std140 wants it.
layout(std140) uniform Frame {
    mat4 view_projection;
    mat4 light_projection;
    vec4 eye;
    vec4 key_direction;
    vec4 key_colour;
    vec4 fill_direction;
    vec4 fill_colour;
    vec4 ambient[9];      // spherical harmonics of the light around
    vec4 look;            // exposure, shadow texel, gloss, scattering of light inside skin
};
"""

VERTEX = (
    "#version 330\n"
    + FRAME
    + """
in vec3 position;
in vec3 normal;
in vec2 uv;
in float occlusion;       // ambient light that reaches this vertex
in vec4 extra;            // scalp hair, beard, height above the chest, inside of the mouth
uniform float shell;      // how far out along the normal to draw
out vec3 at;
out vec3 across;
out vec2 texel;
out float open_sky;
out vec4 region;
out vec3 in_light;
void main() {
    vec3 moved = position + normal * shell;
    at = moved;
    across = normal;
    texel = uv;
    open_sky = occlusion;
    region = extra;
    in_light = (light_projection * vec4(moved, 1)).xyz * 0.5 + 0.5;   // orthographic: no division
    gl_Position = view_projection * vec4(moved, 1);
}
"""
)

LIGHTING = (
    "#version 330\n"
    + FRAME
    + """
in vec3 at;
in vec3 across;
in vec2 texel;
in float open_sky;
in vec4 region;
in vec3 in_light;
uniform sampler2D picture;
uniform sampler2D noise;
uniform sampler2DShadow shadow_map;
out vec4 colour;

vec3 linear(vec3 shown) { return shown * shown; }

// Light from all around that falls on a surface of this normal.
vec3 irradiance(vec3 n) {
    vec3 sum = ambient[0].rgb + ambient[1].rgb * n.y + ambient[2].rgb * n.z + ambient[3].rgb * n.x;
    sum += ambient[4].rgb * (n.x * n.y) + ambient[5].rgb * (n.y * n.z) + ambient[6].rgb * (3.0 * n.z * n.z - 1.0);
    sum += ambient[7].rgb * (n.x * n.z) + ambient[8].rgb * (n.x * n.x - n.y * n.y);
    return max(sum, vec3(0.015));
}

// Two taps of 2 x 2 texels each: 0 in the shadow, 1 in the light.
float lit() {
    vec3 q = in_light - vec3(0, 0, 0.004);
    float t = look.y;
    return 0.5 * (texture(shadow_map, q + vec3(-t, -t, 0)) + texture(shadow_map, q + vec3(t, t, 0)));
}

// Fresnel by Schlick; the fifth power is written out.
float fresnel(float cosine) {
    float c = 1.0 - clamp(cosine, 0.0, 1.0);
    float c2 = c * c;
    return 0.04 + 0.96 * c2 * c2 * c;
}

// A highlight (Blinn-Phong, normalised) of a light from direction d.
float highlight(vec3 n, vec3 v, vec3 d, float roughness) {
    vec3 h = normalize(v + d);
    float exponent = 2.0 / (roughness * roughness * roughness * roughness) - 2.0;
    float peak = pow(max(dot(n, h), 0.0), exponent);
    return fresnel(dot(v, h)) * min((exponent + 2.0) / 8.0 * peak, 30.0);
}

// The light that leaves the surface towards the eye, as the camera shows it.
vec3 shown(vec3 albedo, vec3 n, vec3 v, float roughness, float gloss, float scatter, float sky) {
    float light = lit();
    vec3 wrap = scatter * vec3(0.45, 0.18, 0.10);        // light bleeds around into the shadow, red furthest
    float facing = dot(n, key_direction.xyz);
    vec3 key = clamp((vec3(facing) + wrap) / (1.0 + wrap), 0.0, 1.0) * mix(light, 1.0, scatter * 0.12);
    vec3 fill = clamp((vec3(dot(n, fill_direction.xyz)) + wrap) / (1.0 + wrap), 0.0, 1.0);
    vec3 sum = albedo * (irradiance(n) * sky + key_colour.rgb * key + fill_colour.rgb * fill * sky);
    if (gloss > 0.0) {
        sum += gloss * light * max(facing, 0.0) * key_colour.rgb * highlight(n, v, key_direction.xyz, roughness);
        vec3 mirrored = reflect(-v, n);
        vec3 around = ambient[0].rgb + ambient[1].rgb * mirrored.y + ambient[2].rgb * mirrored.z;
        sum += gloss * max(around, vec3(0.0)) * sky * (0.8 * fresnel(dot(n, v))) * (1.0 - roughness * 0.7);
    }
    sum *= look.x;
    return sqrt(clamp(1.12 * sum / (1.0 + 0.25 * sum), 0.0, 1.0));
}
"""
)

SKIN = """
uniform sampler2D lips;
uniform sampler2D lids;
uniform vec3 tone;            // the wanted albedo over the texture's own
uniform float contrast;
uniform vec4 marks;           // blotches, freckles, bumps, wrinkles
uniform vec3 lip_tint;
uniform vec4 lip_paint;       // colour and strength
uniform vec4 lid_paint;
uniform vec3 hair;
uniform vec2 cover;           // stubble, hair shaved short
uniform vec3 cloth;
uniform vec3 cloth_second;
uniform vec3 cloth_cut;       // neckline, stripes
uniform float skin_roughness;
void main() {
    vec3 v = normalize(eye.xyz - at);
    vec3 n = normalize(across);
    vec4 fine = texture(noise, texel * 37.0);
    vec4 coarse = texture(noise, texel * 6.0);
    vec3 albedo = pow(texture(picture, texel).rgb, vec3(2.0 * contrast)) * tone;
    albedo *= 1.0 + marks.x * (coarse.rgb - 0.5) * vec3(0.5, 1.0, 1.0);
    albedo *= 1.0 - marks.y * smoothstep(0.60, 0.75, fine.g) * vec3(0.25, 0.45, 0.5);
    // Wrinkles lie across the face: noise stretched sideways, which is along v in MakeHuman's unwrapping of faces.
    float crease = texture(noise, texel * vec2(42.0, 5.0)).b - 0.5;
    albedo *= 1.0 + marks.w * 0.3 * min(crease, 0.0);
    float lip = texture(lips, texel).r;
    albedo = mix(albedo, albedo * lip_tint, lip);
    albedo = mix(albedo, lip_paint.rgb, lip * lip_paint.a);
    albedo = mix(albedo, lid_paint.rgb, texture(lids, texel).r * lid_paint.a);
    albedo = mix(albedo, hair * 0.6, clamp(cover.x * region.y * (0.55 + 0.9 * fine.g * coarse.r), 0.0, 0.9));
    albedo = mix(albedo, hair * 0.7, clamp(cover.y * region.x * (0.6 + 0.8 * fine.b), 0.0, 0.95));
    albedo = mix(albedo, vec3(0.15, 0.03, 0.03), region.w);
    n = normalize(n + marks.z * (fine.rgb - 0.5) + vec3(0, marks.w * 0.4 * crease, 0));
    float roughness = mix(skin_roughness, 0.3, lip * 0.7);
    float gloss = look.z;
    float scatter = look.w;
    if (region.z > cloth_cut.x) {
        float stripe = step(0.5, fract(region.z * cloth_cut.y + coarse.r * 0.2));
        albedo = mix(cloth, cloth_second, stripe) * (0.8 + 0.4 * fine.r);
        gloss *= 0.2;
        scatter = 0.0;
    }
    colour = vec4(shown(albedo, n, v, roughness, gloss, scatter, open_sky), 1);
}
"""

HAIR = """
uniform vec3 hair;
uniform vec2 alpha_range;     // drawn if the texture's alpha lies in here
void main() {
    vec4 strand = texture(picture, texel);
    if (strand.a < alpha_range.x || strand.a >= alpha_range.y) discard;
    vec3 v = normalize(eye.xyz - at);
    vec3 n = normalize(across);
    if (dot(n, v) < 0.0) n = -n;
    float lightness = dot(strand.rgb, vec3(0.4, 0.4, 0.2));
    vec3 albedo = hair * (0.35 + 2.6 * lightness * lightness);
    colour = vec4(shown(albedo, n, v, 0.4, look.z, 0.0, open_sky), strand.a);
}
"""

DECAL = """
uniform vec4 hair;            // brows and lashes: colour and density
void main() {
    float alpha = texture(picture, texel).a * hair.a;
    if (alpha < 0.02) discard;
    vec3 n = normalize(across);
    vec3 sum = hair.rgb * 0.55 * (irradiance(n) + key_colour.rgb * max(dot(n, key_direction.xyz), 0.0)) * look.x;
    colour = vec4(sqrt(clamp(sum, 0.0, 1.0)), alpha);
}
"""

GLOSSY = """
uniform vec3 tint;            // eyes, teeth, tongue, hats, glasses: texture times tint
uniform vec3 finish;          // roughness, gloss, how dark hollows get (0: they don't)
void main() {
    vec4 texture_colour = texture(picture, texel);
    if (texture_colour.a < 0.3) discard;
    vec3 v = normalize(eye.xyz - at);
    vec3 n = normalize(across);
    if (dot(n, v) < 0.0) n = -n;
    float sky = mix(1.0, open_sky, finish.z);
    colour = vec4(shown(linear(texture_colour.rgb) * tint, n, v, finish.x, finish.y, 0.0, sky), 1);
}
"""

LENS = """
uniform vec4 tint;            // colour and opacity of a lens; it also mirrors the surroundings
void main() {
    vec3 v = normalize(eye.xyz - at);
    vec3 n = normalize(across);
    if (dot(n, v) < 0.0) n = -n;
    vec3 mirrored = key_colour.rgb * highlight(n, v, key_direction.xyz, 0.12) * 2.0 + irradiance(reflect(-v, n)) * 0.1;
    vec3 sum = tint.rgb * irradiance(n) + mirrored;
    colour = vec4(sqrt(clamp(sum * look.x, 0.0, 1.0)), clamp(tint.a + dot(mirrored, vec3(0.2)), 0.0, 1.0));
}
"""

FUR = """
uniform vec3 hair;            // short hair and beards: shells of growing distance with ever fewer strands
uniform vec2 cover;           // beard, scalp
uniform float height;         // of this shell, 0 to 1
void main() {
    float dense = region.y * cover.x + region.x * cover.y;
    float strand = texture(noise, texel * 22.0).r * 0.6 + texture(noise, texel * 51.0).g * 0.5;
    float alpha = smoothstep(height * 0.9, height * 0.9 + 0.25, strand * clamp(dense * 1.6, 0.0, 1.0));
    if (alpha < 0.05) discard;
    vec3 n = normalize(across);
    vec3 sum = hair * (0.35 + 0.8 * height) * (irradiance(n) * (0.5 + 0.5 * height)
        + key_colour.rgb * max(dot(n, key_direction.xyz), 0.0) * lit()) * look.x;
    colour = vec4(sqrt(clamp(sum, 0.0, 1.0)), alpha);
}
"""

CLOTH = """
uniform vec3 cloth;           // a mask over mouth and nose
uniform vec3 cloth_second;
uniform float stripes;
void main() {
    if (region.x < 0.5) discard;
    vec3 v = normalize(eye.xyz - at);
    vec3 n = normalize(across);
    vec3 albedo = mix(cloth, cloth_second, step(0.5, fract(at.y * stripes)));
    colour = vec4(shown(albedo, n, v, 0.7, 0.1, 0.0, 0.6 + 0.4 * open_sky), 1);
}
"""

FRAGMENT = {
    "skin": SKIN,
    "hair": HAIR,
    "decal": DECAL,
    "glossy": GLOSSY,
    "lens": LENS,
    "fur": FUR,
    "cloth": CLOTH,
}
"""Material -> its fragment program, to be put behind LIGHTING."""

SHADOW_VERTEX = (
    "#version 330\n"
    + FRAME
    + """
in vec3 position;
in vec2 uv;
out vec2 texel;
void main() {
    texel = uv;
    gl_Position = light_projection * vec4(position, 1);
}
"""
)

SHADOW_FRAGMENT = """\
#version 330
in vec2 texel;
uniform sampler2D picture;
uniform bool holes;           // hair lets light through where its texture does
void main() {
    if (holes && texture(picture, texel).a < 0.45) discard;
}
"""

BACKGROUND_VERTEX = """\
#version 330
in vec2 position;
out vec2 texel;
void main() {
    texel = position * 0.5 + 0.5;
    gl_Position = vec4(position, 0.9999, 1);
}
"""

BACKGROUND_FRAGMENT = """\
#version 330
in vec2 texel;
uniform sampler2D picture;
out vec4 colour;
void main() { colour = vec4(texture(picture, texel).rgb, 1); }
"""
