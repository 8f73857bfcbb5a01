<?php
/**
 * Plugin Name:       Page Builder
 * Description:       Builds pages from sections. An example plugin of WP Codebox.
 * Version:           1.0.0
 * Requires at least: 6.9
 * Requires PHP:      8.2
 * License:           GPL-2.0-or-later
 * Text Domain:       page-builder
 *
 * @package Page_Builder
 */

namespace Page_Builder;

defined( 'ABSPATH' ) || exit;

require_once __DIR__ . '/includes/class-layout.php';

add_action(
	'init',
	static function (): void {
		register_post_type(
			'builder_page',
			array(
				'label'        => __( 'Built pages', 'page-builder' ),
				'public'       => true,
				'show_in_rest' => true,
			)
		);
		add_shortcode(
			'page_builder',
			static function ( $attributes ): string {
				$attributes = shortcode_atts( array( 'layout' => '' ), $attributes, 'page_builder' );
				return ( new Layout( get_option( 'page_builder_layouts', array() ) ) )->render( $attributes['layout'] );
			}
		);
	}
);
