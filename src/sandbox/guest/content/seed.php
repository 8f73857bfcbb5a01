<?php
/**
 * Importing content of another site. What is to be imported was chosen outside.
 *
 * Slugs, logins and names say what a thing is: what is there already is brought in line. What is
 * beneath something that is not there comes to the top.
 */

namespace WP_Codebox\Sandbox\Content;

require_once __DIR__ . '/install.php';
require_once __DIR__ . '/site.php';

/**
 * Imports everything, what others refer to first.
 *
 * @param string $file Chosen records.
 */
function import_seed( string $file ): array {
	$seed = (array) json_decode( (string) file_get_contents( confine( $file ) ), true );
	kses_remove_filters();
	// Nobody reads mail to strangers.
	add_filter( 'pre_wp_mail', '__return_false' );
	add_filter( 'wp_insert_post_empty_content', '__return_false' );
	array_walk( $seed['users'], fn ( $user ) => import_user( $user ) );
	array_walk( $seed['terms'], fn ( $term ) => import_term( $term ) );
	// A parent may stand behind its child.
	array_walk( $seed['terms'], fn ( $term ) => adopt_term( $term ) );
	foreach ( array( 'posts', 'media' ) as $kind ) {
		$usual = 'media' === $kind ? array( 'attachment', 'inherit' ) : array( 'post', 'publish' );
		array_walk( $seed[ $kind ], fn ( $post ) => import_post( $post, ...$usual ) );
		array_walk( $seed[ $kind ], fn ( $post ) => adopt_post( $post, $usual[0] ) );
	}
	set_options( $seed['options'] );
	array_walk( $seed['activePlugins'], fn ( $plugin ) => activate_plugin( $plugin ) );
	if ( null !== $seed['activeTheme'] ) {
		activate_theme( $seed['activeTheme'] );
	}
	$counts                = array_map( 'count', array_diff_key( $seed, array( 'activeTheme' => true ) ) );
	$counts['activeTheme'] = (int) ( null !== $seed['activeTheme'] );
	return $counts;
}

/**
 * Imports a user who has no name.
 *
 * @param array{ login: string, email: string, role: string } $user What is known.
 */
function import_user( array $user ): void {
	if ( null === get_role( $user['role'] ) ) {
		throw new Refused( 'role_missing', sprintf( 'There is no role %s.', $user['role'] ) );
	}
	$fields = array(
		'user_login'   => $user['login'],
		'user_email'   => $user['email'],
		'display_name' => $user['login'],
		'role'         => $user['role'],
	);
	$there  = get_user_by( 'login', $user['login'] );
	if ( false !== $there ) {
		must( wp_update_user( array( 'ID' => $there->ID ) + $fields ) );
	} else {
		must( wp_insert_user( $fields + array( 'user_pass' => wp_generate_password( 32 ) ) ) );
	}
}

/**
 * Imports a term.
 *
 * @param array<string, mixed> $term As the file has it.
 */
function import_term( array $term ): void {
	if ( ! taxonomy_exists( $term['taxonomy'] ) ) {
		throw new Refused( 'taxonomy_missing', sprintf( 'There is no taxonomy %s.', $term['taxonomy'] ) );
	}
	$fields = array(
		'slug'        => $term['slug'],
		'description' => wp_slash( $term['description'] ),
	);
	$name  = wp_slash( $term['name'] ?? $term['slug'] );
	$there = get_term_by( 'slug', $term['slug'], $term['taxonomy'] );
	if ( false !== $there ) {
		must( wp_update_term( $there->term_id, $term['taxonomy'], array( 'name' => $name ) + $fields ) );
	} else {
		must( wp_insert_term( $name, $term['taxonomy'], $fields ) );
	}
}

/**
 * Puts a term beneath its parent.
 *
 * @param array<string, mixed> $term As the file has it.
 */
function adopt_term( array $term ): void {
	$parent = null === $term['parent'] ? false : get_term_by( 'slug', $term['parent'], $term['taxonomy'] );
	$child  = get_term_by( 'slug', $term['slug'], $term['taxonomy'] );
	if ( false !== $parent && false !== $child ) {
		must( wp_update_term( $child->term_id, $term['taxonomy'], array( 'parent' => $parent->term_id ) ) );
	}
}

/**
 * Imports a post.
 *
 * @param array<string, mixed> $post   As the file has it.
 * @param string               $type   Where it says none.
 * @param string               $status Where it says none.
 */
function import_post( array $post, string $type, string $status ): void {
	$type = $post['type'] ?? $type;
	if ( ! post_type_exists( $type ) ) {
		throw new Refused( 'post_type_missing', sprintf( 'There is no post type %s.', $type ) );
	}
	$there  = post_by_slug( $post['slug'], $type );
	$author = null === $post['author'] ? false : get_user_by( 'login', $post['author'] );
	$fields = array(
		'ID'             => $there?->ID,
		'post_name'      => $post['slug'],
		'post_type'      => $type,
		'post_status'    => $post['status'] ?? $status,
		'post_title'     => $post['title'],
		'post_content'   => $post['content'],
		'post_excerpt'   => $post['excerpt'],
		'post_date'      => $post['date'],
		'post_author'    => false === $author ? null : $author->ID,
		'menu_order'     => $post['menuOrder'],
		'post_mime_type' => $post['mimeType'],
	);
	$fields = wp_slash( array_filter( $fields, fn ( $field ) => null !== $field ) );
	$id     = must( wp_insert_post( $fields, true ) );
	foreach ( $post['meta'] as $key => $value ) {
		update_post_meta( $id, (string) $key, wp_slash( $value ) );
	}
	foreach ( $post['terms'] as $taxonomy => $slugs ) {
		must( wp_set_object_terms( $id, $slugs, (string) $taxonomy ) );
	}
}

/**
 * Puts a post beneath its parent.
 *
 * @param array<string, mixed> $post As the file has it.
 * @param string               $type Where it says none.
 */
function adopt_post( array $post, string $type ): void {
	$type   = $post['type'] ?? $type;
	$parent = null === $post['parent'] ? null : post_by_slug( $post['parent'], $type );
	$child  = post_by_slug( $post['slug'], $type );
	if ( null !== $parent && null !== $child ) {
		$fields = array(
			'ID'          => $child->ID,
			'post_parent' => $parent->ID,
		);
		must( wp_update_post( $fields, true ) );
	}
}

/**
 * The post of this slug, wherever it hangs.
 *
 * @param string $slug Its name.
 * @param string $type Its type.
 */
function post_by_slug( string $slug, string $type ): ?\WP_Post {
	$found = get_posts(
		array(
			'name'             => $slug,
			'post_type'        => $type,
			'post_status'      => array_keys( get_post_stati() ),
			'posts_per_page'   => 1,
			'orderby'          => 'ID',
			'suppress_filters' => true,
		)
	);
	return $found[0] ?? null;
}
